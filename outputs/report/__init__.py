"""The HTML report."""

from casewright.outputs.report.page import MAX_DOCUMENTS, render_report, write_report

__all__ = ["MAX_DOCUMENTS", "render_report", "write_report"]
