//! `light` for Python: bytes and words in, the report's JSON out.
//!
//! Never decides anything: `probity_light/__init__.py` gives it its shape. Failure: a caller's mistake is a `ValueError`.

use pyo3::prelude::pymodule;

/// The module.
#[pymodule]
mod _native {
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::{PyErr, PyResult, Python, pyfunction};

    /// Checks a receipt file; see `__init__.py`.
    #[pyfunction]
    fn verify(
        python: Python<'_>,
        receipt: &[u8],
        opening: Option<&[u8]>,
        network: Option<&str>,
        required: Vec<String>,
    ) -> PyResult<String> {
        // Nothing of Python's is touched meanwhile, so its other threads may run.
        python
            .detach(|| {
                let required = required.iter().map(String::as_str);
                light::verify_words(receipt, opening, network, required)
            })
            .map_err(|mistake| PyErr::new::<PyValueError, _>(mistake.to_string()))
    }
}
