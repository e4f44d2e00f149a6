"""What the numbers mean: counts of pods, and verdicts by statistics; pure, and the only room that computes arrays."""
