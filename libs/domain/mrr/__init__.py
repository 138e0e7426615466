"""MRR of one subscription: which statuses count, what items cost a month, what discounts and tax take off."""

from libs.domain.mrr.appraisals import Appraisals, Evaluate
from libs.domain.mrr.evaluation import evaluate
from libs.domain.mrr.results import ItemMrr, Rule, SubscriptionMrr, Terms

__all__ = ["Appraisals", "Evaluate", "ItemMrr", "Rule", "SubscriptionMrr", "Terms", "evaluate"]
