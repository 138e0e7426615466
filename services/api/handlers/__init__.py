"""The API's addresses: each reads what was asked, asks the queries, and says it in the contract's shape."""
