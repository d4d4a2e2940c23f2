"""What goes in and out of the REST API, as marshmallow schemas."""
