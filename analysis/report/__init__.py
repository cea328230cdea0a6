"""What is read: pages, their sections, and tables for a terminal or a paper."""
