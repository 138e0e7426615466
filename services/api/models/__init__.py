"""What the API answers: a model for every answer, of which the OpenAPI document is made and by which tests check."""
