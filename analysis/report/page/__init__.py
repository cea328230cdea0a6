"""The one HTML file that holds a page's tables and figures. Nothing here knows a study."""

from analysis.report.page.document import folded, page
from analysis.report.page.figures import picture, scatter_data

__all__ = ["folded", "page", "picture", "scatter_data"]
