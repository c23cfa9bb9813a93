"""The ledger: every fact of a case followed to the characters that state it."""

from casewright.filters.ledger.check import Checker
from casewright.filters.ledger.verdict import ledger_verdict, off_spec_faults

__all__ = ["Checker", "ledger_verdict", "off_spec_faults"]
