"""Planner of InferenceServices: one model behind one address, whatever version serves."""

from __future__ import annotations

from leeboard.planning.inference_service.children import expected_children
from leeboard.planning.inference_service.counsel import template_and_training
from leeboard.planning.inference_service.facts import InferenceServiceFacts, Needs, needs
from leeboard.planning.inference_service.planner import plan

__all__ = ["InferenceServiceFacts", "Needs", "expected_children", "needs", "plan", "template_and_training"]
