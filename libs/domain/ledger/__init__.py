"""The ledger: the course of MRR over time as movements that add up to it, each with its reason and its events."""

from libs.domain.ledger.admission import admitted, course_of
from libs.domain.ledger.classification import ClientStanding, MovementKind, Standing, kind_of
from libs.domain.ledger.closed import ClientHistory, ClosedBooks
from libs.domain.ledger.course import course
from libs.domain.ledger.entries import books_closed_at, ledger
from libs.domain.ledger.level import Level, level_of, levels_of, says_the_same
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.project import Belonging, balance_at, project_ledger
from libs.domain.ledger.reason import Reason
from libs.domain.ledger.step import Step
from libs.domain.ledger.turns import Member, Stay

__all__ = [
    "Belonging",
    "ClientHistory",
    "ClientStanding",
    "ClosedBooks",
    "Level",
    "Member",
    "Movement",
    "MovementKind",
    "Reason",
    "Standing",
    "Stay",
    "Step",
    "admitted",
    "balance_at",
    "books_closed_at",
    "course",
    "course_of",
    "kind_of",
    "ledger",
    "level_of",
    "levels_of",
    "project_ledger",
    "says_the_same",
]
