"""What stories and end-to-end tests share: kubectl, the chart's installation, and what to print when something fails."""
