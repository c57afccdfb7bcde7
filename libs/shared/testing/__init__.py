"""What tests of every service share: waiting, real servers on free ports."""
