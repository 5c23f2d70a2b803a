"""All that a user can say of a run, frozen: settings, recipe, cards, the whole plan. No torch."""
