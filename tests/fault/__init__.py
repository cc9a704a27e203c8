# SPDX-License-Identifier: Apache-2.0
"""A package, so that its clusters end with it."""
