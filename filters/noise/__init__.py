"""Noise with ground truth: faults put into checked documents, each on record.

Start at `apply.py`.
"""
