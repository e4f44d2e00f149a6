"""The examples told as stories: applied to the local cluster, watched, measured, written to build/stories/."""
