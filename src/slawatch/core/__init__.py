"""The pure core: what a promise is, what a clock says. Standard library only; time is always an argument."""
