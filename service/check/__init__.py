"""What a query would do, without running it: for editors, pages and `starhaul adql`."""
