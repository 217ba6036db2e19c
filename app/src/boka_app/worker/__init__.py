"""What happens after the answer: jobs on events, on a clock, and deferred; in a process of their own."""
