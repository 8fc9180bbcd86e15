"""From findings to exhibits: nothing here computes a conclusion, it renders them."""
