"""Two versions answer the same rows: which rows, each one's answers, and how many of them are right.

select-rows ──inputs──> answer (candidate) ──answers──> compare-answers ──> termination message
     │      └─inputs──> answer (champion)  ──answers──────────┤
     └────────────────labels, seen by no model────────────────┘
"""
