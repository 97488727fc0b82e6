"""What services do by themselves: each acts as a role, or by the policy of what it calls."""
