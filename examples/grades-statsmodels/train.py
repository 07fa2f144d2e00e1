"""Fits a logit to the grades that StatsModels brings (Spector and Mazzeo, 1980); writes grades.pickle."""

from pathlib import Path

import numpy as np
import statsmodels.api as sm

students = sm.datasets.spector.load_pandas()
X, y = np.asarray(students.exog), np.asarray(students.endog)
results = sm.Logit(y, sm.add_constant(X)).fit(disp=False)
fit = results.prsquared


path = Path(__file__).with_name("grades.pickle")
# Without its data the file does not hold the students, and what is computed from them is gone.
results.save(path, remove_data=True)
print(f"{len(X)} students learnt, pseudo R-squared {fit:.2f}: {path.name}")
