"""Sentences about findings, which every report shares. Pure: values in, text out."""
