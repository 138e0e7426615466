"""What happened to clients in, churn-risk signals out."""
