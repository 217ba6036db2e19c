"""What every address of the API does alike: entity tags, pages of lists, rate limits, retirement."""
