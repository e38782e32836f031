"""An AWS account in this process: moto, and what the product asks of AWS that moto does not say."""
