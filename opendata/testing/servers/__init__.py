"""The real programs of the scaled mode, on loopback, for tests, benchmarks and `make scaled`.

    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as redis:
        ...redis.url...

Each keeps its data in the folder it is given and its port and data over `kill()` and `start()`. A program
that is not there raises `ServerMissing`, or is installed first where OPENDATA_TEST_INSTALL=1 allows it.
"""

from opendata.testing.servers.elastic import ElasticCluster, ElasticNode
from opendata.testing.servers.missing import ServerMissing
from opendata.testing.servers.nginx import NginxServer
from opendata.testing.servers.postgresql import PostgresServer
from opendata.testing.servers.process import Server
from opendata.testing.servers.proxy import DelayProxy
from opendata.testing.servers.redis import RedisServer
from opendata.testing.servers.s3 import S3Server
from opendata.testing.servers.scratch import scratch_folder

__all__ = [
    "DelayProxy",
    "ElasticCluster",
    "ElasticNode",
    "NginxServer",
    "PostgresServer",
    "RedisServer",
    "S3Server",
    "Server",
    "ServerMissing",
    "scratch_folder",
]
