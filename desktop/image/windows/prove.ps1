# What must hold of an image before it is taken, looked at one by one; whatever does not hold ends the build. Nothing is
# changed. Windows PowerShell 5.1.
param([string] $Staging = 'C:\ElephantImage', [string] $User = 'lesson')
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$data = Join-Path $env:ProgramData 'Elephant'
$python = Join-Path $home_ 'python\python.exe'
$certificates = Join-Path $env:SystemRoot 'System32\config\systemprofile\AppData\Local\NICE\dcv'
$winlogon = Get-ItemProperty -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
$script:failed = 0

function Test-That([string] $What, [scriptblock] $Look) {
  $told = ''
  try { $isWell = [bool](& $Look) }
  catch { $isWell = $false; $told = ": $($_.Exception.Message)" }
  if ($isWell) { Write-Output "elephant: ok $What" }
  else { $script:failed += 1; Write-Output "elephant: FAILED it does not hold that $What$told" }
}
function Test-Empty([string] $Folder) { return (-not (Test-Path -LiteralPath $Folder)) -or (@(Get-ChildItem -LiteralPath $Folder -Force | Where-Object { $_.Extension -ne '.log' }).Count -eq 0) }

Test-That 'DCV starts with Windows' { (Get-Service -Name dcvserver).StartType -eq 'Automatic' }
foreach ($task in 'ElephantBoot', 'ElephantService', 'ElephantHelper') { Test-That "the task $task starts by itself" { (Get-ScheduledTask -TaskName $task).State -ne 'Disabled' } }
Test-That 'Python runs the agent with what it needs' {
  Push-Location -LiteralPath $home_
  try { & $python -c 'import botocore.auth, cryptography.x509, desktop.service; assert desktop.PROTOCOL'; $LASTEXITCODE -eq 0 }
  finally { Pop-Location }
}
Test-That 'ffmpeg runs' { & (Join-Path $home_ 'bin\ffmpeg.exe') -hide_banner -loglevel error -version | Out-Null; $LASTEXITCODE -eq 0 }
Test-That 'the clock follows Amazon''s time' { ((w32tm.exe /query /configuration) -join ' ') -match '169\.254\.169\.123' }
Test-That 'a browser is there' { (Test-Path -LiteralPath "${env:ProgramFiles(x86)}\Microsoft\Edge\Application\msedge.exe") -or (Test-Path -LiteralPath "$env:ProgramFiles\Google\Chrome\Application\chrome.exe") }
Test-That 'user data run at the first boot' { (Get-Content -Raw -LiteralPath (Join-Path $env:ProgramData 'Amazon\EC2Launch\config\agent-config.yml')) -match 'postReady' }
Test-That 'only administrators read the service''s state' { (@((Get-Acl -LiteralPath (Join-Path $data 'state')).Access | Where-Object { 'S-1-5-18', 'S-1-5-32-544' -notcontains $_.IdentityReference.Translate([Security.Principal.SecurityIdentifier]).Value }).Count) -eq 0 }
Test-That 'no certificate and no key is in the image' { Test-Empty $certificates }
Test-That 'no state is in the image' { (Test-Empty (Join-Path $data 'state')) -and (Test-Empty (Join-Path $data 'session')) }
Test-That 'no identity is in the image' { -not (Test-Path -LiteralPath 'HKLM:\SOFTWARE\Elephant') }
Test-That 'no user with a password of ours is in the image' { -not (Get-LocalUser -Name $User -ErrorAction SilentlyContinue) }
Test-That 'nobody is logged on by itself' { ($winlogon.AutoAdminLogon -ne '1') -and (-not $winlogon.DefaultPassword) }
Test-That 'no file of the build is left' { -not (Test-Path -LiteralPath $Staging) }
if ($script:failed) { exit 1 }
exit 0
