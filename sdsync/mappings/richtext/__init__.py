"""Rich text: plain, HTML, Textile and Markdown through one canonical form, CommonMark."""
