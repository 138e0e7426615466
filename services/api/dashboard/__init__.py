"""The dashboard: a page of plain files that asks the API like everybody else, and the session of who looks at it."""
