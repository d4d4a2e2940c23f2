"""gunicorn -c config/gunicorn.py wsgi:application — for those who run it instead of `opendata serve`.

Embedded mode: one process. Scaled mode: WEB_CONCURRENCY processes, `worker_in_web = false`, and `workers`
set to the processes of all hosts together.
"""

import os

bind = "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 8
worker_class = "gthread"
preload_app = False  # a worker thread and open connections would stay behind in the parent
graceful_timeout = 25
timeout = 60
keepalive = 30
