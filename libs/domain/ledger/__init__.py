"""The ledger: the course of MRR over time as movements that add up to it, each with its reason and its events."""

from libs.domain.ledger.admission import admitted, course_of
from libs.domain.ledger.bookmark import Bookmark, with_member
from libs.domain.ledger.classification import ClientStanding, MovementKind, Standing, kind_of
from libs.domain.ledger.closed import ClientHistory, ClosedBooks
from libs.domain.ledger.course import course, course_seen
from libs.domain.ledger.entries import Written, books_closed_at, books_opened_at, gone_on, ledger, written
from libs.domain.ledger.level import Level, learned_level, level_of, levels_of, says_the_same
from libs.domain.ledger.movement import Movement
from libs.domain.ledger.project import Belonging, balance_at, project_ledger, stays_with
from libs.domain.ledger.reason import Reason
from libs.domain.ledger.refold import CustomerPast, refold
from libs.domain.ledger.step import Step
from libs.domain.ledger.surroundings import Outlook
from libs.domain.ledger.told import Evaluation, asks_for_past, leads_elsewhere, retold, shortened, trued_up
from libs.domain.ledger.turns import Member, Stay

__all__ = [
    "Belonging",
    "Bookmark",
    "ClientHistory",
    "ClientStanding",
    "ClosedBooks",
    "CustomerPast",
    "Evaluation",
    "Level",
    "Member",
    "Movement",
    "MovementKind",
    "Outlook",
    "Reason",
    "Standing",
    "Stay",
    "Step",
    "Written",
    "admitted",
    "asks_for_past",
    "balance_at",
    "books_closed_at",
    "books_opened_at",
    "course",
    "course_of",
    "course_seen",
    "gone_on",
    "kind_of",
    "leads_elsewhere",
    "learned_level",
    "ledger",
    "level_of",
    "levels_of",
    "project_ledger",
    "refold",
    "retold",
    "says_the_same",
    "shortened",
    "stays_with",
    "trued_up",
    "with_member",
    "written",
]
