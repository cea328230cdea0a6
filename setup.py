"""What pyproject.toml cannot say: the tables in data/ are installed as data of the package studies.truth."""

from setuptools import find_packages, setup

INSTALLED = ["analysis*", "slurm*", "studies*", "supernet*"]

setup(
    packages=[*find_packages(include=INSTALLED), "studies.truth.data"],
    package_dir={"studies.truth.data": "data"},
    package_data={
        "studies.truth.data": ["*.json", "*.parquet"],
        "analysis.report.page": ["*.css", "*.js"],
        "slurm": ["*.toml"],
    },
)
