"""Job queues behind one protocol."""

from opendata.engines.jobs.huey_queue import HueyQueue, ImmediateQueue, open_queue
from opendata.engines.jobs.protocol import Handler, Queue

__all__ = ["Handler", "HueyQueue", "ImmediateQueue", "Queue", "open_queue"]
