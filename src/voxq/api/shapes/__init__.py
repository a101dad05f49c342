"""Response models, as the OpenAPI document shows them. Fields that are not set are left out."""
