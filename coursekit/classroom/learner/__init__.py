"""Where does a learner work? On copies that nothing writes over, in a server of their own."""
