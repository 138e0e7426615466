"""Pure rules: money, subscriptions, MRR, versions and their fold, risk. Values in, values out; `now` is an argument."""
