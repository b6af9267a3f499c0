"""Bulk downloads: a UWS job that freezes a selection and serves it as parts that resume."""
