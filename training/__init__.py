"""How the encoder and the tagger that ship with yaowen were made."""
