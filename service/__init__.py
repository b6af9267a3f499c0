"""The running archive: protocols on top of common rooms, see docs/architecture.md."""
