"""Celery: its configuration, and the wake-up calls that carry a job id and nothing else."""
