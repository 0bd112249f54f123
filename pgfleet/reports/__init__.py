"""Findings as words, tables and pages for people. Pure: text in, text out."""
