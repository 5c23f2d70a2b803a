"""Where training begins: what is known before the first step. Frozen outputs of the backbone go in, a head that already knows
the task comes out. Kumar et al. 2022 (arXiv 2202.10054): a head that starts from noise first destroys what the encoder knows."""
