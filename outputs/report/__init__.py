"""The report of a run: one HTML page with a browser of its documents, JSON, Markdown and plots."""

from casewright.outputs.report.files import write_report
from casewright.outputs.report.page import MAX_DOCUMENTS, render_report

__all__ = ["MAX_DOCUMENTS", "render_report", "write_report"]
