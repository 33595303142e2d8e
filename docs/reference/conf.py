# SPDX-License-Identifier: MIT
#
# Sphinx for what docs/reference/build has put together: the pages as they are, and the reference from Doxygen's XML.
import logging
import os

project = "simul"
extensions = ["myst_parser", "breathe"]
root_doc = "index"
source_suffix = {".md": "markdown"}

myst_heading_anchors = 4
myst_enable_extensions = []
suppress_warnings = ["misc.highlighting_failure"] # blocks without a language are C++ in comments, and pictures in pages

breathe_projects = {"simul": os.environ["SIMUL_DOXYGEN_XML"]}
breathe_default_project = "simul"
breathe_default_members = ("members", "undoc-members")
breathe_show_include = False
primary_domain = "cpp"
highlight_language = "cpp"
cpp_id_attributes = ["nodiscard"]

# What Breathe can't know better: each page says `namespace simul` once more; `keyword` is a function and what it returns.
harmless = ("Duplicate C++ declaration", "C++ declarations inside functions are not supported")
logging.getLogger("sphinx.sphinx.domains.cpp").addFilter(lambda record: not str(record.msg).startswith(harmless))

html_theme = "furo"
html_title = "simul"
html_show_sphinx = False
html_show_copyright = False
