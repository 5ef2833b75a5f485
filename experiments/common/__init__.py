"""Parts that experiments share: the laboratory that trains, the runner, findings, charts and pages."""
