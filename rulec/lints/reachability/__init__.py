"""What requests reach: rules that others hide, that contradict each other, or that nothing matches."""
