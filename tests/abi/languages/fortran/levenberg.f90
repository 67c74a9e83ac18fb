! SPDX-License-Identifier: Apache-2.0
!
! An optimizer in Fortran 2018, against the C ABI of mfm/abi.h: Levenberg's and Marquardt's method within bounds.
!     gfortran -O2 -fPIC -c levenberg.f90 && cc -O2 -fPIC -c table.c && gfortran -shared levenberg.o table.o -o levenberg_fortran.so
! Fortran has no constants that hold addresses, so the tables are in table.c; everything that computes is here.
!
! Minimises 1/2 |r(x)|^2, lower <= x <= upper:  (J'J + lambda D) step = -J'r, D = diag(J'J), step cut off at the bounds, lambda
! smaller after a step that helps and larger after one that does not (Marquardt 1963, doi:10.1137/0111030).
module levenberg
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: solve

  ! mfm_error, mfm_problem and mfm_solution of abi.h 1.0
  type, bind(C), public :: mfm_error
    integer(c_int32_t) :: size
    character(kind=c_char) :: message(508)
  end type
  type, bind(C), public :: mfm_problem
    integer(c_int32_t) :: size, n_parameters, n_residuals, has_jacobian
    type(c_ptr) :: initial, lower, upper, scale, self
    type(c_funptr) :: residuals, progress
  end type
  type, bind(C), public :: mfm_solution
    integer(c_int32_t) :: size, outcome, iterations, evaluations
    type(c_ptr) :: x
    real(c_double) :: initial_cost, cost
    character(kind=c_char) :: message(232)
  end type
  integer(c_int32_t), parameter :: ok = 0, infeasible = 1
  integer(c_int32_t), parameter :: converged = 0, budget = 1, stopped = 2

  abstract interface
    function residuals_of(self, n, x, residual, jacobian, error) bind(C) result(status)
      import
      type(c_ptr), value :: self, jacobian
      integer(c_int32_t), value :: n
      real(c_double), intent(in) :: x(*)
      real(c_double), intent(out) :: residual(*)
      type(mfm_error), intent(inout) :: error
      integer(c_int32_t) :: status
    end function
    function progress_of(self, iteration, cost, gradient, step) bind(C) result(stop_here)
      import
      type(c_ptr), value :: self
      integer(c_int32_t), value :: iteration
      real(c_double), value :: cost, gradient, step
      integer(c_int32_t) :: stop_here
    end function
  end interface

contains

  !> steps: most iterations; tolerance: of the relative change of the cost.  C: levenberg_solve.
  function solve(steps, tolerance, problem, solution, error) bind(C, name="levenberg_solve") result(status)
    integer(c_int64_t), value :: steps
    real(c_double), value :: tolerance
    type(mfm_problem), intent(in) :: problem
    type(mfm_solution), intent(inout) :: solution
    type(mfm_error), intent(inout) :: error
    integer(c_int32_t) :: status

    procedure(residuals_of), pointer :: residuals
    procedure(progress_of), pointer :: progress
    real(c_double), pointer :: initial(:), lower(:), upper(:), x(:)
    real(c_double), allocatable :: r(:), trial_r(:), trial(:), step(:), gradient(:), normal(:, :), damped(:, :)
    real(c_double), allocatable, target :: jacobian(:, :) ! (parameter, residual): the rows of C are the columns of Fortran
    real(c_double) :: lambda, cost, trial_cost
    integer :: n, m, i, iteration, tries
    logical :: helped, solvable

    n = problem%n_parameters
    m = problem%n_residuals
    call c_f_procpointer(problem%residuals, residuals)
    call c_f_pointer(problem%initial, initial, [n])
    call c_f_pointer(problem%lower, lower, [n])
    call c_f_pointer(problem%upper, upper, [n])
    call c_f_pointer(solution%x, x, [n])
    allocate (r(m), trial_r(m), trial(n), step(n), gradient(n), normal(n, n), damped(n, n), jacobian(n, m))

    x = min(max(initial, lower), upper)
    solution%evaluations = 1
    solution%iterations = 0
    status = residuals(problem%self, 1_c_int32_t, x, r, c_null_ptr, error)
    if (status /= ok) return
    cost = 0.5_c_double*dot_product(r, r)
    if (.not. cost <= huge(cost)) then
      call say(error%message, "the problem is not defined at its start; give another start")
      status = infeasible
      return
    end if
    solution%initial_cost = cost
    solution%cost = cost
    solution%outcome = budget
    call say(solution%message, "the steps are used up")
    lambda = 1e-3_c_double

    do iteration = 1, int(steps)
      call differentiate()
      if (status < ok) return
      normal = matmul(jacobian, transpose(jacobian))
      gradient = matmul(jacobian, r)
      where ((x <= lower .and. gradient > 0) .or. (x >= upper .and. gradient < 0)) gradient = 0 ! held by a bound

      helped = .false.
      do tries = 1, 30
        damped = normal
        do i = 1, n
          damped(i, i) = normal(i, i)*(1 + lambda) + tiny(lambda)
          if (.not. abs(gradient(i)) > 0) then
            damped(i, :) = 0
            damped(:, i) = 0
            damped(i, i) = 1
          end if
        end do
        call solve_positive(damped, -gradient, step, solvable)
        if (solvable) then
          trial = min(max(x + step, lower), upper)
          status = residuals(problem%self, 1_c_int32_t, trial, trial_r, c_null_ptr, error)
          solution%evaluations = solution%evaluations + 1
          if (status < ok) return
          trial_cost = 0.5_c_double*dot_product(trial_r, trial_r)
          helped = status == ok .and. trial_cost < cost
        end if
        if (helped) exit
        lambda = lambda*4
      end do
      status = ok
      solution%iterations = iteration
      if (.not. helped) then
        solution%outcome = converged
        call say(solution%message, "no step helps any more")
        return
      end if

      step = trial - x
      x = trial
      r = trial_r
      lambda = lambda/6
      if (c_associated(problem%progress)) then
        call c_f_procpointer(problem%progress, progress)
        if (progress(problem%self, iteration, trial_cost, norm2(gradient), norm2(step)) /= 0) then
          solution%outcome = stopped
          solution%cost = trial_cost
          call say(solution%message, "stopped")
          return
        end if
      end if
      solution%cost = trial_cost
      if (cost - trial_cost <= tolerance*cost) then
        solution%outcome = converged
        call say(solution%message, "the cost changes no more")
        return
      end if
      cost = trial_cost
    end do

  contains

    !> The Jacobian at x: the host's, or forward differences within the bounds.
    subroutine differentiate()
      real(c_double) :: h
      integer :: k
      if (problem%has_jacobian /= 0) then
        status = residuals(problem%self, 1_c_int32_t, x, trial_r, c_loc(jacobian), error)
        solution%evaluations = solution%evaluations + 1
        return
      end if
      do k = 1, n
        h = 1.5e-8_c_double*max(abs(x(k)), 1.0_c_double)
        if (x(k) + h > upper(k)) h = -h
        trial = x
        trial(k) = max(x(k) + h, lower(k))
        status = residuals(problem%self, 1_c_int32_t, trial, trial_r, c_null_ptr, error)
        solution%evaluations = solution%evaluations + 1
        if (status < ok) return
        jacobian(k, :) = 0
        if (status == ok .and. abs(trial(k) - x(k)) > 0) jacobian(k, :) = (trial_r - r)/(trial(k) - x(k))
      end do
    end subroutine
  end function

  !> a y = b by Cholesky's factorisation, in place of a; solvable is false when a is not positive.
  pure subroutine solve_positive(a, b, y, solvable)
    real(c_double), intent(inout) :: a(:, :)
    real(c_double), intent(in) :: b(:)
    real(c_double), intent(out) :: y(:)
    logical, intent(out) :: solvable
    integer :: i, j
    y = b
    solvable = .false.
    do j = 1, size(b)
      a(j, j) = a(j, j) - dot_product(a(j, :j - 1), a(j, :j - 1))
      if (.not. a(j, j) > 0) return
      a(j, j) = sqrt(a(j, j))
      do i = j + 1, size(b)
        a(i, j) = (a(i, j) - dot_product(a(i, :j - 1), a(j, :j - 1)))/a(j, j)
      end do
      y(j) = (y(j) - dot_product(a(j, :j - 1), y(:j - 1)))/a(j, j)
    end do
    do j = size(b), 1, -1
      y(j) = (y(j) - dot_product(a(j + 1:, j), y(j + 1:)))/a(j, j)
    end do
    solvable = .true.
  end subroutine

  !> A text for C, which ends with a 0.
  pure subroutine say(message, text)
    character(kind=c_char), intent(inout) :: message(:)
    character(*), intent(in) :: text
    integer :: i
    do i = 1, len(text)
      message(i) = text(i:i)
    end do
    message(len(text) + 1) = c_null_char
  end subroutine
end module
