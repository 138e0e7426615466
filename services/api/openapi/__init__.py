"""The API as OpenAPI 3.1, made of the very models that check requests and answers, and the page that shows it."""
