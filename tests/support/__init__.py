"""What stories and end-to-end tests share: kubectl, the installed chart, and what to print at a failure."""
