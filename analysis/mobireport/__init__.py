# SPDX-License-Identifier: Apache-2.0
"""The parts of analysis/report.py: numbers, figures and the page of one run."""
