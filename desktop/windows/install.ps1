# Installs the agent of this folder into an image: its files, and the three tasks that Windows starts by itself.
# Run as an administrator; run again it replaces what was there. Windows PowerShell 5.1.
param(
  [Parameter(Mandatory = $true)] [string] $Python,
  [string] $User = 'lesson',
  [int] $VerifierPort = 8444
)
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$data = Join-Path $env:ProgramData 'Elephant'
$source = Split-Path -Parent (Split-Path -Parent $MyInvocation.MyCommand.Path)

New-Item -ItemType Directory -Force -Path $home_ | Out-Null
Copy-Item -LiteralPath $source -Destination $home_ -Recurse -Force
foreach ($folder in 'state', 'shared', 'session', 'hooks') { New-Item -ItemType Directory -Force -Path (Join-Path $data $folder) | Out-Null }
# By default every user may make files there: the service's state is SYSTEM's, the session's the person's, the rest is to read.
icacls.exe $data /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-32-545:(OI)(CI)RX'
icacls.exe (Join-Path $data 'state') /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F'
icacls.exe (Join-Path $data 'session') /grant:r '*S-1-5-32-545:(OI)(CI)M'
Set-Content -LiteralPath (Join-Path $data 'agent.toml') -Encoding ASCII -Value "user = `"$User`"", "verifier_port = $VerifierPort"

# Without a limit: Windows ends a task after three days otherwise.
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -MultipleInstances IgnoreNew
$asSystem = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
$asPerson = New-ScheduledTaskPrincipal -GroupId 'S-1-5-32-545' -RunLevel Limited
$boot = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$home_\desktop\windows\boot.ps1`" -User $User -VerifierPort $VerifierPort"
$service = New-ScheduledTaskAction -Execute $Python -Argument '-m desktop service' -WorkingDirectory $home_
$helper = New-ScheduledTaskAction -Execute $Python -Argument '-m desktop helper' -WorkingDirectory $home_
Register-ScheduledTask -Force -TaskName 'ElephantBoot' -Action $boot -Trigger (New-ScheduledTaskTrigger -AtStartup) -Principal $asSystem -Settings $settings | Out-Null
Register-ScheduledTask -Force -TaskName 'ElephantService' -Action $service -Trigger (New-ScheduledTaskTrigger -AtStartup) -Principal $asSystem -Settings $settings | Out-Null
Register-ScheduledTask -Force -TaskName 'ElephantHelper' -Action $helper -Trigger (New-ScheduledTaskTrigger -AtLogOn) -Principal $asPerson -Settings $settings | Out-Null
