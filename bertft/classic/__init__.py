"""Models from before BERT that are fitted at once instead of trained in steps: majority, tfidf, fasttext."""
