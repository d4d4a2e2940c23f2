"""gunicorn -c config/gunicorn.py wsgi:application — for those who run it instead of `opendata serve`."""

bind = "127.0.0.1:8000"
workers = 1
threads = 8
worker_class = "gthread"
preload_app = False  # the worker thread of the embedded mode would stay behind in the parent
graceful_timeout = 25
keepalive = 30
