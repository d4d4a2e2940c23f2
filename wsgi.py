from opendata.app import serving_app

application = serving_app()
