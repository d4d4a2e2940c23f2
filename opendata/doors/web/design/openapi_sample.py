"""A small OpenAPI document for looking at the reference page."""

from typing import Any

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "API", "version": "0.1.0", "description": "Lists answer data, meta and links."},
    "servers": [{"url": "https://dulieumo.example.vn"}],
    "tags": [{"name": "datasets", "description": "Datasets: search, read, write, publish."}],
    "paths": {
        "/api/v1/datasets": {
            "get": {
                "tags": ["datasets"],
                "operationId": "get_datasets",
                "summary": "Search datasets.",
                "description": "Words are found with or without marks.",
                "parameters": [
                    {
                        "name": "q",
                        "in": "query",
                        "description": "What to look for.",
                        "schema": {"type": "string"},
                        "example": "cang bien",
                    },
                    {
                        "name": "sort",
                        "in": "query",
                        "description": "Order of the list.",
                        "schema": {
                            "type": "string",
                            "enum": ["relevance", "newest", "title"],
                            "default": "relevance",
                        },
                    },
                ],
                "responses": {
                    "200": {
                        "description": "A page of datasets.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}},
                    },
                    "400": {"description": "A parameter cannot be understood."},
                },
            }
        },
        "/api/v1/datasets/{dataset_id}": {
            "patch": {
                "tags": ["datasets"],
                "operationId": "patch_datasets_one",
                "summary": "Change a dataset.",
                "security": [{"session": []}],
                "parameters": [
                    {
                        "name": "dataset_id",
                        "in": "path",
                        "required": True,
                        "description": "Id or slug of the dataset.",
                        "schema": {"type": "string"},
                    }
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Text"}}}
                },
                "responses": {"200": {"description": "The dataset."}},
            }
        },
    },
    "components": {
        "schemas": {
            "Text": {
                "type": "object",
                "properties": {"vi": {"type": "string"}, "en": {"type": "string"}},
                "required": ["vi"],
            },
            "Page": {
                "type": "object",
                "properties": {
                    "data": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "slug": {"type": "string", "example": "san-luong-hang-hoa"},
                                "title": {"$ref": "#/components/schemas/Text"},
                            },
                        },
                    },
                    "meta": {
                        "type": "object",
                        "properties": {
                            "total": {
                                "type": "integer",
                                "description": "Datasets found.",
                                "example": 3,
                            }
                        },
                    },
                },
            },
        }
    },
}
